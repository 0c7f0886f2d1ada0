import type { ReactNode } from 'react';

/** Line drawings on a 20 × 20 grid, in the colour of the text around them. They only accompany a visible or spoken name. */
const Drawing = ({ children }: { children: ReactNode }) => (
  <svg
    className="icon"
    viewBox="0 0 20 20"
    width="20"
    height="20"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.5"
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    {children}
  </svg>
);

const path = (d: string) => () => (
  <Drawing>
    <path d={d} />
  </Drawing>
);

export const ChatIcon = path('M3.5 16.5l1-3A6.5 6.5 0 1 1 7 15.9l-3.5.6zM7.5 8.5h5M7.5 11.5h3');
export const StoreIcon = path(
  'M4 8v8.5h12V8M3 7.5 4.5 3.5h11L17 7.5a2.3 2.3 0 0 1-4.6 0 2.3 2.3 0 0 1-4.7 0A2.3 2.3 0 0 1 3 7.5zM8.5 16.5v-4h3v4',
);
export const ClockIcon = path('M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 5.8V10l2.8 1.8');
export const CheckIcon = path('M4.5 10.5l3.7 3.7 7.3-8');
export const CloseIcon = path('M5 5l10 10M15 5L5 15');
export const SendIcon = path('M3.5 10 3 3.5 17.5 10 3 16.5 3.5 10zM3.5 10h7');
export const BackIcon = path('M12.5 4 6.5 10l6 6');
export const ChevronIcon = path('M5.5 8l4.5 4.5L14.5 8');
export const SettingsIcon = path('M3 6h8M15 6h2M3 14h2M9 14h8M13 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM7 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4z');
export const GuideIcon = path('M4 4.5h12M4 10h12M4 15.5h7');
export const OpenIcon = path('M8.5 4.5h-4v11h11v-4M11.5 3.5h5v5M16 4l-6.5 6.5');

/** The app's own mark: a meter, two thirds full. */
export const AppMark = ({ size = 32 }: { size?: number }) => (
  <svg className="app-mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="7" fill="#0e7a6f" />
    <g fill="none" strokeWidth="2.6">
      <path d="M10.7 22.3A7.5 7.5 0 1 1 23.4 15.8" stroke="#fff" />
      <path d="M23.4 15.8A7.5 7.5 0 0 1 21.3 22.3" stroke="#fff" strokeOpacity="0.4" />
      <path d="M16 17l4.4-1.8" stroke="#fff" strokeWidth="1.8" strokeLinecap="round" />
    </g>
    <circle cx="16" cy="17" r="2" fill="#fff" />
  </svg>
);
