import { common } from '../common-words.ts';

type SkeletonProps = {
  lines?: number;
  /** How a line looks that is not like a line of text. */
  kind?: string;
};

/** Stands where something is still to come, in about its size. */
export function Skeleton({ lines = 1, kind = 'skeleton-line' }: SkeletonProps) {
  return (
    <div class="skeletons" role="status" aria-label={common.value.loading}>
      {Array.from({ length: lines }, (_, i) => (
        <div class={`skeleton ${kind}`} key={i} />
      ))}
    </div>
  );
}
