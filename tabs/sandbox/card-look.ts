import type { HostTheme } from './address';

interface Colors {
  text: string;
  subtle: string;
  accent: string;
  good: string;
  warning: string;
  attention: string;
  emphasis: string;
  line: string;
}

/** Each colour has a contrast of at least 4.5 : 1 on the card's own background. */
const COLORS: Record<HostTheme, Colors> = {
  light: {
    text: '#242424',
    subtle: '#616161',
    accent: '#4f52b2',
    good: '#0e700e',
    warning: '#8a5300',
    attention: '#b10e1c',
    emphasis: '#f5f5f5',
    line: '#d1d1d1',
  },
  dark: {
    text: '#ffffff',
    subtle: '#bdbdbd',
    accent: '#aab1fa',
    good: '#9ad29a',
    warning: '#fcd48a',
    attention: '#f1a7ad',
    emphasis: '#1f1f1f',
    line: '#525252',
  },
  contrast: {
    text: '#ffffff',
    subtle: '#ffffff',
    accent: '#ffff01',
    good: '#6eff6e',
    warning: '#ffff01',
    attention: '#ffb4b4',
    emphasis: '#000000',
    line: '#ffffff',
  },
};

/** The HostConfig of the `adaptivecards` renderer for one theme. */
export function cardLook(theme: HostTheme) {
  const colors = COLORS[theme];
  const color = (name: keyof Colors) => ({ default: colors[name], subtle: name === 'text' ? colors.subtle : colors[name] });
  const foregroundColors = {
    default: color('text'),
    dark: color('text'),
    light: color('subtle'),
    accent: color('accent'),
    good: color('good'),
    warning: color('warning'),
    attention: color('attention'),
  };
  const style = (backgroundColor: string) => ({ backgroundColor, foregroundColors });
  return {
    fontFamily: 'inherit',
    supportsInteractivity: true,
    hostCapabilities: { adaptiveCards: '1.5' },
    spacing: { small: 4, default: 8, medium: 12, large: 20, extraLarge: 28, padding: 16 },
    separator: { lineThickness: 1, lineColor: colors.line },
    fontSizes: { small: 12, default: 14, medium: 16, large: 18, extraLarge: 22 },
    fontWeights: { lighter: 400, default: 400, bolder: 600 },
    lineHeights: { small: 16, default: 20, medium: 22, large: 24, extraLarge: 28 },
    containerStyles: {
      default: style('transparent'),
      emphasis: style(colors.emphasis),
      accent: style(colors.emphasis),
      good: style(colors.emphasis),
      warning: style(colors.emphasis),
      attention: style(colors.emphasis),
    },
    inputs: {
      label: {
        inputSpacing: 'Small',
        requiredInputs: { weight: 'Bolder', size: 'Small', suffix: ' *', suffixColor: 'attention' },
        optionalInputs: { weight: 'Bolder', size: 'Small' },
      },
      errorMessage: { color: 'attention', size: 'Small' },
    },
    actions: {
      maxActions: 6,
      spacing: 'Medium',
      buttonSpacing: 0,
      actionsOrientation: 'Horizontal',
      actionAlignment: 'Left',
      allowTitleToWrap: true,
      showCard: { actionMode: 'Inline', inlineTopMargin: 12, style: 'emphasis' },
    },
    factSet: { title: { weight: 'Bolder', wrap: true, maxWidth: 130 }, value: { wrap: true }, spacing: 12 },
    textBlock: { headingLevel: 2 },
    adaptiveCard: { allowCustomStyle: false },
  };
}
