/** What somebody types who looks for links. Targets are stored as `URL` writes them: names in punycode, everything else in ASCII. */

/**
 * The texts of which a slug or target has to hold one.
 * @param text as typed; `пример.рф` and `/путь` find what is stored as `xn--e1afmkfd.xn--p1ai` and `/%D0%BF…`
 */
export function searchForms(text: string): string[] {
  if (/^[\x20-\x7e]*$/.test(text)) return [text];
  const asPath = text.toWellFormed().replaceAll(/[^\x20-\x7e]+/g, encodeURIComponent);
  const asHost = URL.parse(`http://${text}`)?.href.slice('http://'.length).replace(/\/$/, '');
  const forms = [asPath, URL.parse(text)?.href, asHost];
  return [...new Set(forms.filter((form) => form !== undefined && form !== ''))] as string[];
}
