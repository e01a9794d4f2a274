/** Around every page: head with the way to everything, content, foot. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { User } from '../../../src/core/api/accounts.ts';
import { ask, endSession, user } from '../api/client.ts';
import { explain } from '../api/explain.ts';
import { common } from '../common-words.ts';
import { sendWaiting } from '../pages/links/deletion.ts';
import { chooseLocale, chooseTheme, LOCALES, type Locale, locale, THEMES, theme } from '../preferences.ts';
import { hrefOf, navigate, path } from '../router.ts';
import { Icon } from './icons.tsx';
import { Menu } from './menu.tsx';
import { Toasts, toast } from './toasts.tsx';

const LANGUAGE_NAMES: Record<Locale, string> = { en: 'English', ru: 'Русский' };

export function Shell({ children }: { children: ComponentChildren }) {
  useFocusOnPage();
  return (
    <div class="shell">
      <a class="button skip-link" href={`${location.pathname}${location.search}#content`} onClick={skip}>
        {common.value.skipToContent}
      </a>
      <header class="shell-head">
        <nav class="shell-bar">
          <a class="brand" href={hrefOf('/')} data-app>
            <Icon name="arrow" size={26} />
            elnk
          </a>
          <Ways />
          <LanguageMenu />
          <ThemeMenu />
          {user.value && <PersonMenu email={user.value.email} isAdmin={user.value.isAdmin} />}
          {user.value === undefined && <span class="button" data-kind="quiet" data-shape="icon" aria-hidden="true" />}
        </nav>
      </header>
      <main class="shell-main" id="content" tabIndex={-1}>
        {children}
      </main>
      <footer class="shell-foot">
        <a href={hrefOf('/docs')} data-app>
          API
        </a>{' '}
        · elnk
      </footer>
      <Toasts />
    </div>
  );
}

/** What had the focus may be gone with the page that was left: then the next key begins with the content of the new one. */
function useFocusOnPage(): void {
  const before = useRef(path.value);
  useEffect(() => {
    if (before.current === path.value) return;
    before.current = path.value;
    if (document.activeElement === document.body) focusContent();
  }, [path.value]);
}

const focusContent = (): void => document.getElementById('content')?.focus({ preventScroll: true });

/** By hand: an address that only has a fragment is one of the front page here, and that of this page may have one of its own. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

/** While it is not known who is signed in, somebody is: nobody is known at once. */
function Ways() {
  if (user.value === null) {
    return (
      <>
        <NavLink to="/login">{common.value.signIn}</NavLink>
        <span class="wide-only">
          <NavLink to="/register">{common.value.register}</NavLink>
        </span>
      </>
    );
  }
  return <NavLink to="/links">{common.value.myLinks}</NavLink>;
}

function NavLink({ to, children }: { to: string; children: ComponentChildren }) {
  return (
    <a class="nav-link" href={hrefOf(to)} data-app aria-current={`${path.value}/`.startsWith(`${to}/`) ? 'page' : undefined}>
      {children}
    </a>
  );
}

/** Whoever is signed in is also written to in it, on all devices. */
async function speak(language: Locale): Promise<void> {
  chooseLocale(language);
  if (user.value == null) return;
  try {
    user.value = (await ask<{ user: User }>('PATCH', 'me', { body: { locale: language }, keepalive: true })).user;
  } catch (error) {
    toast(explain(error));
  }
}

function LanguageMenu() {
  return (
    <Menu label={common.value.language} face={<Icon name="globe" />}>
      {LOCALES.map((it) => (
        <button
          key={it}
          type="button"
          class="menu-item"
          role="menuitemradio"
          aria-checked={locale.value === it}
          lang={it}
          onClick={() => void speak(it)}
        >
          {LANGUAGE_NAMES[it]}
        </button>
      ))}
    </Menu>
  );
}

function ThemeMenu() {
  return (
    <Menu label={common.value.theme} face={<Icon name="sun" />}>
      {THEMES.map((it) => (
        <button
          key={it}
          type="button"
          class="menu-item"
          role="menuitemradio"
          aria-checked={theme.value === it}
          onClick={() => chooseTheme(it)}
        >
          {common.value.themes[it]}
        </button>
      ))}
    </Menu>
  );
}

function PersonMenu({ email, isAdmin }: { email: string; isAdmin: boolean }) {
  const signOut = async () => {
    try {
      await sendWaiting();
      await ask('POST', 'auth/logout');
      endSession();
      navigate('/');
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <Menu label={email} face={<Icon name="person" />}>
      <a class="menu-item" role="menuitem" href={hrefOf('/settings')} data-app>
        {common.value.settings}
      </a>
      {isAdmin && (
        <a class="menu-item" role="menuitem" href={hrefOf('/admin')} data-app>
          {common.value.administration}
        </a>
      )}
      <button type="button" class="menu-item" role="menuitem" onClick={() => void signOut()}>
        {common.value.signOut}
      </button>
    </Menu>
  );
}
