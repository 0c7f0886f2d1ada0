/** A file that somebody asked for. */
export interface Download {
  /** As it is saved, with its ending. */
  name: string;
  mediaType: string;
  bytes: Buffer;
}

/** As Download, portion by portion: it may be long. */
export interface StreamedDownload extends Omit<Download, 'bytes'> {
  portions: AsyncIterable<string>;
}
