/** What a file of links has to look like. */
import { Icon } from '../../components/icons.tsx';
import { locale } from '../../preferences.ts';
import { saveTemplate } from './files.ts';
import { importing } from './words.ts';

export function FileShape() {
  return (
    <section class="card stack">
      <h2>{importing.value.shape}</h2>
      <p class="soft">{importing.value.shapeText}</p>
      <dl class="import-columns">
        {Object.entries(importing.value.columns).map(([name, text]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div class="row">
        <button type="button" class="button" onClick={() => void saveTemplate(locale.value)}>
          <Icon name="download" />
          {importing.value.template}
        </button>
      </div>
    </section>
  );
}
