/** Keys of the advisory locks that elnk takes: one list, so that no two uses share one. */
export const ADVISORY_LOCKS = { migrate: 7_305_301, fold: 7_305_302, administrators: 7_305_303 } as const;
