/** Whether the numbers move by themselves right now. */
import { liveState } from './live-feed.ts';
import { links } from './words.ts';

export function LiveState() {
  const state = liveState.value;
  const label = { live: links.value.live, connecting: links.value.connecting, lost: links.value.lost }[state];
  return (
    <span class="live soft small" data-state={state} role="status">
      {label}
    </span>
  );
}
