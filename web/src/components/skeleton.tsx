import { common } from '../common-words.ts';

/** Stands where something is still to come, in about its size. */
export function Skeleton({ lines = 1 }: { lines?: number }) {
  return (
    <div class="skeletons" role="status" aria-label={common.value.loading}>
      {Array.from({ length: lines }, (_, i) => (
        <div class="skeleton skeleton-line" key={i} />
      ))}
    </div>
  );
}
