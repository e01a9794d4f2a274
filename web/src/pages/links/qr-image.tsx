/** The QR code of a link; the picture is asked for with the token, which an <img> could not send. */
import { askRaw } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { Icon } from '../../components/icons.tsx';
import { toast } from '../../components/toasts.tsx';
import { saveFile } from '../../save-file.ts';
import { useObjectUrl } from '../../use-object-url.ts';
import { useResource } from '../../use-resource.ts';
import { links } from './words.ts';

/** Pixels of the picture that is downloaded. */
const DOWNLOAD_SIZE = 1_024;

const pictureOf = async (slug: string, signal: AbortSignal): Promise<Blob> =>
  (await askRaw('GET', `links/${slug}/qr?format=svg`, { signal })).blob();

export function QrImage({ slug, size }: { slug: string; size: number }) {
  const { data } = useResource((signal) => pictureOf(slug, signal), [slug]);
  const address = useObjectUrl(data);
  const box = { width: size, height: size };
  return (
    <figure class="qr">
      {address === null ? (
        <div class="skeleton" style={{ width: `${size}px`, height: `${size}px` }} />
      ) : (
        <img src={address} alt={links.value.qr} {...box} />
      )}
      <figcaption>
        <QrDownload slug={slug} format="png" /> <QrDownload slug={slug} format="svg" />
      </figcaption>
    </figure>
  );
}

function QrDownload({ slug, format }: { slug: string; format: 'png' | 'svg' }) {
  const download = async () => {
    try {
      await saveFile(await askRaw('GET', `links/${slug}/qr?format=${format}&size=${DOWNLOAD_SIZE}`), `${slug}.${format}`);
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <button
      type="button"
      class="button"
      data-size="small"
      onClick={() => void download()}
      aria-label={`${links.value.qr}: ${format.toUpperCase()}`}
    >
      <Icon name="download" size={16} />
      {format.toUpperCase()}
    </button>
  );
}
