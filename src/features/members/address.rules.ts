/**
 * The form in which addresses are compared: no spaces around, small letters, composed characters (Unicode NFC). Local parts that
 * differ in case alone are one mailbox everywhere that matters; dots and plus signs are kept, because elsewhere they do differ.
 */
export const normalizeAddress = (address: string): string => address.trim().normalize('NFC').toLowerCase().normalize('NFC');
