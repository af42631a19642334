/** Larger bodies are refused before they are read (413). */
export const BODY_BYTES_MAX = 1024 * 1024;
export const BULK_BODY_BYTES_MAX = 8 * 1024 * 1024;
