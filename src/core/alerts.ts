/** What administrators are told of at once, and how it reads in English and Russian. */
import type { Locale } from './account.ts';

/** Of each kind one an hour at most, whatever number of nodes there is. */
export const ALERT_EVERY_MS = 3_600_000;
/** Share of a click log that waits: with less room clicks would be lost soon. */
export const LOG_NEARLY_FULL = 0.8;
/** Share of the data folder's file system that is free, below which it is nearly full. */
export const DISK_FREE_MIN = 0.05;

export const ALERT_KINDS = ['clicksLost', 'clickLogFull', 'postgresAway', 'diskFull', 'migrationFailed'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];
/** `detail`: a number of clicks, percent or seconds; of a failed migration the reason. */
export type Alert = { kind: AlertKind; detail: string };

/** How a node is at one moment. */
export type Observation = {
  /** Since its start. */
  clicksLost: number;
  /** Of its fullest click log, 0 to 1. */
  logUsed: number;
  /** Since Postgres has answered last. */
  postgresAwayMs: number;
  /** 0 to 1; null: not known. */
  diskUsed: number | null;
};

export type AlertLimits = {
  /** Clicks that are known to be lost already. */
  lostToldOf: number;
  /** For so long Postgres may be away. */
  postgresAwayMs: number;
};

export function alertsOf({ clicksLost, logUsed, postgresAwayMs, diskUsed }: Observation, limits: AlertLimits): Alert[] {
  const percent = (share: number) => String(Math.floor(share * 100));
  const alerts: (Alert | null)[] = [
    clicksLost > limits.lostToldOf ? { kind: 'clicksLost', detail: String(clicksLost - limits.lostToldOf) } : null,
    logUsed >= LOG_NEARLY_FULL ? { kind: 'clickLogFull', detail: percent(logUsed) } : null,
    postgresAwayMs > limits.postgresAwayMs ? { kind: 'postgresAway', detail: String(Math.round(postgresAwayMs / 1_000)) } : null,
    isDiskNearlyFull(diskUsed) ? { kind: 'diskFull', detail: percent(diskUsed ?? 1) } : null,
  ];
  return alerts.filter((alert) => alert !== null);
}

export const isDiskNearlyFull = (diskUsed: number | null): boolean => diskUsed !== null && 1 - diskUsed < DISK_FREE_MIN;

const WORDS: Record<Locale, Record<AlertKind, (detail: string) => string>> = {
  en: {
    clicksLost: (clicks) => `${clicks} clicks were LOST: the click log is full or cannot be written`,
    clickLogFull: (percent) => `a click log is nearly full (${percent} %): clicks will be lost when it is`,
    postgresAway: (seconds) => `Postgres has been away for ${seconds} seconds; clicks wait on the disk`,
    diskFull: (percent) => `the disk of the data folder is nearly full (${percent} %)`,
    migrationFailed: (reason) => `the node does not start: ${reason}`,
  },
  ru: {
    clicksLost: (clicks) => `ПОТЕРЯНО кликов: ${clicks}; журнал кликов полон или недоступен для записи`,
    clickLogFull: (percent) => `журнал кликов почти полон (${percent} %): когда место кончится, клики будут теряться`,
    postgresAway: (seconds) => `Postgres недоступен уже ${seconds} с; клики ждут на диске`,
    diskFull: (percent) => `диск с данными почти полон (${percent} %)`,
    migrationFailed: (reason) => `узел не запускается: ${reason}`,
  },
};

export const alertText = ({ kind, detail }: Alert, where: string, locale: Locale): string =>
  `⚠️ elnk, ${where}: ${WORDS[locale][kind](detail)}`;
