/** Hands an answer to the browser as a download. @param name when the answer names none */
export async function saveFile(response: Response, name: string): Promise<void> {
  const given = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = given ?? name;
  link.click();
  URL.revokeObjectURL(link.href);
}
