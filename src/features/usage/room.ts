/** There may be room again in a meter: what waits for it is submitted. */
export const ROOM_TOPIC = 'quota.room';
