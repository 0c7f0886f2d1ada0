/** A file that somebody asked for. */
export interface Download {
  /** As it is saved, with its ending. */
  name: string;
  mediaType: string;
  bytes: Buffer;
}
