// Inflate (RFC 1951) as a stream.
export { Inflate } from 'fflate';
