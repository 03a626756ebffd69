/** zpl-image 0.3.0 ships no types; only what we use. */
declare module "zpl-image" {
  type Z64 = { readonly length: number; readonly rowlen: number; readonly z64: string };
  const zplImage: {
    rgbaToZ64(
      rgba: Uint8Array,
      width: number,
      options: { readonly black: number; readonly notrim: true },
    ): Z64;
  };
  export = zplImage;
}
