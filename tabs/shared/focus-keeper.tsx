import { useFocusFinders } from '@fluentui/react-components';

/**
 * Keeps Fluent's focus management alive while the page lives. Were a dialog its only user, it would be disposed of with
 * the dialog, before it has taken `aria-hidden` off the page again.
 */
export default function FocusKeeper() {
  useFocusFinders();
  return null;
}
