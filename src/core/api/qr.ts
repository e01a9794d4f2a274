/** The API of QR codes. */

import { z } from 'zod';
import { colourOf, QR_FORMATS, QR_LEVELS, QR_MAX_SIZE_PX, QR_MIN_SIZE_PX } from '../qr.ts';

const colour = z
  .string()
  .transform((text, context) => {
    const form = colourOf(text);
    if (form !== null) return form;
    context.addIssue({ code: 'custom', message: 'must be a colour as rrggbb or rgb in hexadecimal digits' });
    return z.NEVER;
  })
  .meta({ pattern: '^#?([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$' });

export const qrQuerySchema = z.strictObject({
  format: z.enum(QR_FORMATS).default('png'),
  size: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(QR_MIN_SIZE_PX, `must be at least ${QR_MIN_SIZE_PX}`)
    .max(QR_MAX_SIZE_PX, `must be at most ${QR_MAX_SIZE_PX}`)
    .default(256)
    .meta({ description: 'Pixels of a side, the quiet zone of four modules included' }),
  dark: colour.default('#000000').meta({ description: 'Must be darker than `light`, with a contrast (WCAG 2.2) of 4.5 at least' }),
  light: colour.default('#ffffff'),
  level: z.enum(QR_LEVELS).default('M').meta({ description: 'How much may be covered or dirty: some 7, 15, 25 or 30 percent' }),
});
