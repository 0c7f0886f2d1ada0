import { FluentProvider, type Theme, teamsLightTheme } from '@fluentui/react-components';
import { type ReactNode, useEffect, useState } from 'react';
import type { ThemeName } from './theme-name';

export { type ThemeName, themeNameOf } from './theme-name';

/** Light is in the shell; the others are fetched when they are first needed. */
export async function loadTheme(name: ThemeName): Promise<Theme> {
  if (name === 'default') return teamsLightTheme;
  return name === 'dark' ? (await import('./theme-dark')).default : (await import('./theme-contrast')).default;
}

/** Fluent in the named theme; follows a change of `name`, keeping the former theme until the next one is here. */
export function Themed({ name, initial, children }: { name: ThemeName; initial?: Theme; children: ReactNode }) {
  const [theme, setTheme] = useState<Theme>(initial ?? teamsLightTheme);
  useEffect(() => {
    let current = true;
    void loadTheme(name).then((next) => current && setTheme(next));
    return () => {
      current = false;
    };
  }, [name]);
  useEffect(() => {
    document.documentElement.style.colorScheme = name === 'default' ? 'light' : 'dark';
    document.documentElement.style.backgroundColor = theme.colorNeutralBackground2;
  }, [name, theme]);
  return (
    <FluentProvider theme={theme} style={{ minHeight: '100vh', backgroundColor: theme.colorNeutralBackground2 }}>
      {children}
    </FluentProvider>
  );
}
