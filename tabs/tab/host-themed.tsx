import type { Theme } from '@fluentui/react-components';
import { type ReactNode, useEffect, useState } from 'react';
import { Themed, type ThemeName } from '../shared/theme';

interface HostThemedProps {
  initialName: ThemeName;
  initial: Theme;
  onChange: (name: ThemeName) => void;
  children: ReactNode;
}

/** Fluent in the host's theme, following it live. */
export function HostThemed({ initialName, initial, onChange, children }: HostThemedProps) {
  const [name, setName] = useState(initialName);
  useEffect(() => {
    void import('../teams').then((teams) =>
      teams.onThemeChange((next) => {
        setName(next);
        onChange(next);
      }),
    );
  }, [onChange]);
  return (
    <Themed name={name} initial={initial}>
      {children}
    </Themed>
  );
}
