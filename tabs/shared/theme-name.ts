/** Teams' own theme names; whatever else a host says is shown as `default`. */
export type ThemeName = 'default' | 'dark' | 'contrast';

export const themeNameOf = (name: string | null | undefined): ThemeName => (name === 'dark' || name === 'contrast' ? name : 'default');
