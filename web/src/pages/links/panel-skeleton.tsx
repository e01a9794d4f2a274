/** The panel before its links are there: as large as they will be, so that nothing moves when they come. */
import { Skeleton } from '../../components/skeleton.tsx';
import { OVERVIEW_FIGURES } from './overview.tsx';

/** Rows fill a tall window. */
const SKELETON_ROWS = 16;

export function PanelSkeleton() {
  return (
    <>
      <div class="overview" aria-hidden="true">
        {Array.from({ length: OVERVIEW_FIGURES }, (_, i) => (
          <div class="skeleton overview-skeleton" key={i} />
        ))}
      </div>
      <Skeleton lines={SKELETON_ROWS} kind="link-skeleton" />
    </>
  );
}
