/**
 * Check digits of parcel numbers. Every function takes the body without its check character, in the form
 * its family's pattern already let through (digits, or digits and upper-case letters), and returns the
 * character that belongs behind it.
 */

/**
 * Modulo 10 with weights 3, 1, 3 ... from the right (GS1 General Specifications 7.9.1). Also USPS
 * (Publication 199, over the number without 420 + ZIP), FedEx Ground 15 and the last 15 digits of FedEx Ground 96.
 */
export function mod10CheckDigit(digits: string): string {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    sum += digitAt(digits, digits.length - 1 - index) * (index % 2 === 0 ? 3 : 1);
  }
  return String((10 - (sum % 10)) % 10);
}

const s10Weights = [8, 6, 4, 2, 3, 5, 9, 7] as const;

/** UPU S10: eight digits, 11 minus the weighted sum modulo 11; 10 is written 0 and 11 is written 5. */
export function s10CheckDigit(serial: string): string {
  const sum = s10Weights.reduce((total, weight, index) => total + digitAt(serial, index) * weight, 0);
  const check = 11 - (sum % 11);
  if (check === 10) return "0";
  return check === 11 ? "5" : String(check);
}

/** UPS 1Z (15 characters) and waybill (9 digits): weights 1, 2, 1 ... from the left; A counts 2, B 3 ... modulo 10. */
export function upsCheckDigit(body: string): string {
  let sum = 0;
  for (let index = 0; index < body.length; index += 1) {
    const code = body.charCodeAt(index);
    const value = code < 65 ? code - 48 : (code - 3) % 10;
    sum += value * (index % 2 === 0 ? 1 : 2);
  }
  return String((10 - (sum % 10)) % 10);
}

const fedexWeights = [1, 3, 7] as const;

/** FedEx Express: weights 1, 3, 7 from the right, modulo 11, where 10 is written 0. Bodies of 11 and of 13 digits. */
export function fedexExpressCheckDigit(digits: string): string {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    sum += digitAt(digits, digits.length - 1 - index) * (fedexWeights[index % 3] ?? 0);
  }
  return String((sum % 11) % 10);
}

/** FedEx Ground Economy (SmartPost) in 20 digits: the USPS check digit with the omitted "92" put back in front. */
export function fedexSmartPostCheckDigit(serial: string): string {
  return mod10CheckDigit(`92${serial}`);
}

/** DHL Express air waybill: the serial modulo 7. */
export function dhlExpressCheckDigit(serial: string): string {
  let remainder = 0;
  for (let index = 0; index < serial.length; index += 1) {
    remainder = (remainder * 10 + digitAt(serial, index)) % 7;
  }
  return String(remainder);
}

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** DPD: ISO 7064 modulo 37, 36 over digits and upper-case letters. */
export function dpdCheckCharacter(body: string): string {
  let product = 36;
  for (const character of body) {
    const sum = (product + alphanumeric.indexOf(character)) % 36;
    product = ((sum === 0 ? 36 : sum) * 2) % 37;
  }
  return alphanumeric.charAt((37 - product) % 36);
}

function digitAt(digits: string, index: number): number {
  return digits.charCodeAt(index) - 48;
}
