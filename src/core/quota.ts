/** How many links an account may have, by its plan. */
import type { Plan } from './account.ts';
import { Failure } from './failure.ts';

/** Links at most; plans that are not here have no limit. */
export type Quotas = Readonly<Record<Exclude<Plan, 'unlimited'>, number>>;

/** @returns how many links the plan allows; null: any number */
export function quotaOf(plan: Plan, quotas: Quotas): number | null {
  return plan === 'unlimited' ? null : quotas[plan];
}

/** The plan goes along: refusals are counted by plan. */
export class QuotaExceeded extends Failure {
  readonly plan: Plan;

  /** @param links how many there are; more than the quota after a change of the plan or of the setting */
  constructor(plan: Plan, quota: number, links: number) {
    super('quota_exceeded', `The plan ${plan} allows ${quota} links, and there are ${links}: delete one to make room, or change the plan`);
    this.plan = plan;
  }
}
