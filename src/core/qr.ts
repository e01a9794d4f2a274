/** What a QR code may look like. */

export const QR_FORMATS = ['png', 'svg'] as const;
/** How much of it may be covered or dirty: some 7, 15, 25 and 30 percent. */
export const QR_LEVELS = ['L', 'M', 'Q', 'H'] as const;
export const QR_MIN_SIZE_PX = 64;
export const QR_MAX_SIZE_PX = 1024;

/** Colours as `#rrggbb` in lower case. `size` in pixels, the quiet zone included. */
export type QrQuery = {
  format: (typeof QR_FORMATS)[number];
  size: number;
  dark: string;
  light: string;
  level: (typeof QR_LEVELS)[number];
};

/** @returns `#rrggbb` in lower case, or null. `#` may be left out: in a query it would have to be written %23. */
export function colourOf(text: string): string | null {
  const digits = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text)?.[1].toLowerCase();
  if (digits === undefined) return null;
  return `#${digits.length === 6 ? digits : [...digits].map((digit) => digit + digit).join('')}`;
}

/** @param colour `#rrggbb` */
export const rgbOf = (colour: string): [red: number, green: number, blue: number] => [
  Number.parseInt(colour.slice(1, 3), 16),
  Number.parseInt(colour.slice(3, 5), 16),
  Number.parseInt(colour.slice(5, 7), 16),
];

/** Contrast ratio of WCAG 2.2, from 1 to 21 when `lighter` is what it says, else below 1. */
export const contrastOf = (lighter: string, darker: string): number => (luminance(lighter) + 0.05) / (luminance(darker) + 0.05);

function luminance(colour: string): number {
  const [red, green, blue] = rgbOf(colour).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
