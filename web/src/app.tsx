/** Which page belongs to which address. */
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { restoreSession, sessionError, user } from './api/client.ts';
import { Fault } from './components/fault.tsx';
import { Lazy } from './components/lazy.tsx';
import { Shell } from './components/shell.tsx';
import { Skeleton } from './components/skeleton.tsx';
import { AccountDialog, type AccountDialogName } from './pages/auth/account-dialog.tsx';
import { ConfirmPage } from './pages/auth/confirm.tsx';
import { ResetPage } from './pages/auth/reset.tsx';
import { SetupPage } from './pages/auth/setup.tsx';
import { enter, signInFirst } from './pages/auth/sign-in-first.ts';
import { FrontPage } from './pages/front/front.tsx';
import { LinkPage } from './pages/links/link-page.tsx';
import { IMPORT_PATH, LinksPage, NEW_LINK_PATH } from './pages/links/links-page.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { SettingsPage } from './pages/settings/settings.tsx';
import { path } from './router.ts';

/** Dialogs over the front page, by their address. */
const DIALOGS: Readonly<Record<string, AccountDialogName>> = { '/login': 'login', '/register': 'register', '/forgot': 'forgot' };

const loadDocs = async () => (await import('./pages/docs/docs-page.tsx')).DocsPage;

const PAGES: Readonly<Record<string, () => VNode>> = {
  '/': () => <FrontPage />,
  '/confirm': () => <ConfirmPage />,
  '/reset': () => <ResetPage />,
  '/setup': () => <SetupPage />,
  '/docs': () => <Lazy load={loadDocs} />,
};

const loadImportPage = async () => (await import('./pages/import/import-page.tsx')).ImportPage;

/** For people who are signed in. */
const OWN_PAGES: Readonly<Record<string, () => VNode>> = {
  '/links': () => <LinksPage />,
  [NEW_LINK_PATH]: () => <LinksPage />,
  [IMPORT_PATH]: () => <Lazy load={loadImportPage} />,
  '/settings': () => <SettingsPage />,
};

export function App() {
  const dialog = DIALOGS[path.value];
  const isSignedIn = user.value != null;
  useEffect(() => {
    if (isSignedIn && dialog !== undefined) enter();
  }, [isSignedIn, dialog]);
  return (
    <Shell>
      <Page at={dialog === undefined ? path.value : '/'} />
      {dialog !== undefined && !isSignedIn && <AccountDialog name={dialog} />}
    </Shell>
  );
}

/** Shown with their own skeletons already while it is not known who is signed in. */
const EARLY_PAGES: ReadonlySet<string> = new Set(['/links', NEW_LINK_PATH]);

const loadAdmin = async () => (await import('./pages/admin/admin-page.tsx')).AdminPage;

const ADMIN_PATH = /^\/admin(?:\/\w+)?$/;
const LINK_PATH = /^\/links\/([A-Za-z0-9_-]+)$/;

function ownPage(at: string): (() => VNode) | undefined {
  // Whoever is no administrator learns nothing of what there is.
  if (ADMIN_PATH.test(at)) return () => (user.value?.isAdmin ? <Lazy load={loadAdmin} /> : <NotFoundPage />);
  const [, slug] = LINK_PATH.exec(at) ?? [];
  return OWN_PAGES[at] ?? (slug === undefined ? undefined : () => <LinkPage key={slug} slug={slug} />);
}

function Page({ at }: { at: string }) {
  const own = ownPage(at);
  const isSignedOut = user.value === null;
  const mustSignIn = own !== undefined && isSignedOut;
  useEffect(() => {
    if (mustSignIn) signInFirst();
  }, [mustSignIn]);
  if (own !== undefined && user.value === undefined && sessionError.value !== null)
    return <Fault error={sessionError.value} onRetry={() => void restoreSession()} />;
  if (own !== undefined) return user.value || (!isSignedOut && EARLY_PAGES.has(at)) ? own() : <Skeleton lines={6} />;
  return PAGES[at]?.() ?? <NotFoundPage />;
}
