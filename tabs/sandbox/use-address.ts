import { useCallback, useEffect, useState } from 'react';
import { type Address, addressOf, searchOf } from './address';

const current = () => addressOf(window.location.search, navigator.language);

/** The view that the URL names, and a way to another one; the browser's back button works. */
export function useAddress(): [Address, (change: Partial<Address>) => void] {
  const [address, setAddress] = useState(current);
  useEffect(() => {
    const followHistory = () => setAddress(current());
    window.addEventListener('popstate', followHistory);
    return () => window.removeEventListener('popstate', followHistory);
  }, []);
  const go = useCallback((change: Partial<Address>) => {
    const next = { ...current(), ...change };
    if (searchOf(next) !== window.location.search) window.history.pushState(null, '', searchOf(next));
    setAddress(next);
  }, []);
  return [address, go];
}
