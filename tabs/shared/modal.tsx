import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  makeStyles,
} from '@fluentui/react-components';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

const useStyles = makeStyles({
  surface: {
    maxWidth: '560px',
    '@media (max-width: 639px)': {
      maxWidth: 'none',
      width: '100%',
      maxHeight: '100dvh',
      minHeight: '100dvh',
      boxSizing: 'border-box',
      padding: '16px',
      borderRadius: 0,
    },
  },
  content: { display: 'flex', flexDirection: 'column', gap: '14px', paddingBlock: '4px', paddingInline: '2px' },
  actions: { flexWrap: 'wrap' },
});

interface ModalProps {
  title: string;
  children: ReactNode;
  actions: ReactNode;
  onClose: () => void;
  onSubmit?: () => void;
  alert?: boolean;
}

/** A dialog that gives the focus back to where it came from. Mounted = open. */
export function Modal({ title, children, actions, onClose, onSubmit, alert = false }: ModalProps) {
  const styles = useStyles();
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      // After Fluent has taken its own surface and focus trap away.
      setTimeout(() => {
        if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body) opener.focus();
        else document.querySelector<HTMLElement>('h1')?.focus();
      });
    },
    [opener],
  );
  const body = (
    <DialogBody>
      <DialogTitle>{title}</DialogTitle>
      <DialogContent className={styles.content}>{children}</DialogContent>
      <DialogActions className={styles.actions} fluid>
        {actions}
      </DialogActions>
    </DialogBody>
  );
  return (
    <Dialog
      open
      modalType={alert ? 'alert' : 'modal'}
      onOpenChange={(_, data) => {
        // A click beside it would throw away the view of what was typed.
        if (!data.open && data.type !== 'backdropClick') onClose();
      }}
    >
      <DialogSurface className={styles.surface}>
        {onSubmit ? (
          <form
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              onSubmit();
            }}
          >
            {body}
          </form>
        ) : (
          body
        )}
      </DialogSurface>
    </Dialog>
  );
}

interface ConfirmProps {
  title: string;
  text: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be undone. */
export default function Confirm({ title, text, action, onConfirm, onClose }: ConfirmProps) {
  const { t } = useTranslation();
  return (
    <Modal
      alert
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button appearance="secondary" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button
            appearance="primary"
            onClick={() => {
              onClose();
              onConfirm();
            }}
          >
            {action}
          </Button>
        </>
      }
    >
      {text}
    </Modal>
  );
}
