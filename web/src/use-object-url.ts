import { useEffect, useState } from 'preact/hooks';

/** The address of some bytes within this page, as long as they are shown; null while there are none. */
export function useObjectUrl(bytes: Blob | null): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (bytes === null) return undefined;
    const made = URL.createObjectURL(bytes);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes]);
  return address;
}
