import { common } from '../common-words.ts';
import { usePageTitle } from '../page-title.ts';
import { hrefOf } from '../router.ts';

export function NotFoundPage() {
  usePageTitle(common.value.notFound);
  return (
    <section class="stack alone">
      <h1>{common.value.notFound}</h1>
      <p class="soft">{common.value.notFoundText}</p>
      <p>
        <a class="button" href={hrefOf('/')} data-app>
          {common.value.toFront}
        </a>
      </p>
    </section>
  );
}
