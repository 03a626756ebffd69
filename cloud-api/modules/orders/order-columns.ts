/** What a cell may mean. Units are part of the meaning: a plain `weight` column counts kilograms. */
export type OrderField =
  | "orderId"
  | "waybill"
  | "reference"
  | "trackingNumber"
  | "channelCode"
  | "status"
  | "weightGrams"
  | "weightKilograms"
  | "lengthMillimetres"
  | "widthMillimetres"
  | "heightMillimetres"
  | "lengthCentimetres"
  | "widthCentimetres"
  | "heightCentimetres"
  | "sizeCentimetres"
  | "sizeMillimetres"
  | "name"
  | "company"
  | "street1"
  | "street2"
  | "city"
  | "state"
  | "postcode"
  | "country"
  | "phone"
  | "itemDescription"
  | "itemQuantity"
  | "itemValue"
  | "itemValueMinor"
  | "currency"
  | "hsCode"
  | "originCountry"
  | "label";

/**
 * Headers by field, English and Chinese; the Chinese ones are those of the bulk upload sheets in use in China.
 * Case, blanks and the signs _ - / \ & * : do not count, full-width forms equal half-width ones.
 */
export const orderColumns: Readonly<Record<OrderField, readonly string[]>> = {
  orderId: ["order id", "order number", "order no", "订单号", "订单编号"],
  waybill: ["waybill", "waybill number", "waybill no", "parcel number", "运单号", "面单号"],
  reference: ["reference", "customer reference", "客户单号", "订单系统参考号", "参考号"],
  trackingNumber: ["tracking number", "tracking no", "跟踪号", "追踪号", "转单号"],
  channelCode: ["channel", "channel code", "service code", "产品代码", "渠道", "渠道代码", "运输方式"],
  status: ["status", "状态"],
  weightGrams: [
    "weight grams",
    "weight g",
    "weight(g)",
    "declared weight grams",
    "重量(g)",
    "重量(克)",
    "重量克",
  ],
  weightKilograms: ["weight", "weight kg", "weight(kg)", "重量", "重量(kg)", "重量(千克)", "预报重量"],
  lengthMillimetres: ["length millimetres", "length mm", "length(mm)", "长(mm)"],
  widthMillimetres: ["width millimetres", "width mm", "width(mm)", "宽(mm)"],
  heightMillimetres: ["height millimetres", "height mm", "height(mm)", "高(mm)"],
  lengthCentimetres: ["length", "length cm", "length(cm)", "长", "长(cm)"],
  widthCentimetres: ["width", "width cm", "width(cm)", "宽", "宽(cm)"],
  heightCentimetres: ["height", "height cm", "height(cm)", "高", "高(cm)"],
  sizeCentimetres: ["size", "size cm", "dimensions", "长宽高", "长宽高(cm)", "尺寸"],
  sizeMillimetres: ["size mm", "size(mm)", "长宽高(mm)"],
  name: ["name", "recipient", "recipient name", "consignee", "consignee name", "收件人", "收件人姓名"],
  company: ["company", "recipient company", "收件人公司", "收件人公司名"],
  street1: [
    "street",
    "street 1",
    "address",
    "address 1",
    "收件人公司名&联系地址1",
    "联系地址1",
    "地址",
    "收件人地址",
  ],
  street2: ["street 2", "address 2", "联系地址2"],
  city: ["city", "recipient city", "城市", "收件人城市"],
  state: ["state", "province", "region", "州省", "州", "省", "收件人州省"],
  postcode: ["postcode", "postal code", "zip", "zip code", "收件人邮编", "邮编"],
  country: [
    "country",
    "country code",
    "destination",
    "国家二字码",
    "目的国家",
    "目的国家英文名称",
    "目的国",
    "国家",
  ],
  phone: ["phone", "telephone", "recipient phone", "收件人电话", "电话"],
  itemDescription: [
    "item",
    "item description",
    "description",
    "英文申报品名",
    "产品英文名称",
    "英文品名",
    "品名",
    "中文品名",
  ],
  itemQuantity: ["quantity", "item quantity", "qty", "数量", "申报数量"],
  itemValue: [
    "value",
    "item value",
    "unit value",
    "unit price",
    "declared value",
    "申报单价",
    "单价",
    "申报价值",
  ],
  itemValueMinor: ["value minor", "item value minor"],
  currency: ["currency", "币种", "币制", "申报币种"],
  hsCode: ["hs code", "hs", "海关编码"],
  originCountry: ["origin country", "origin", "country of origin", "原产国"],
  label: ["label", "label file", "label zpl file", "面单文件", "面单"],
};

export const normaliseHeader = (header: string): string =>
  header
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s_\-/\\&*:]+/g, "");

const fieldByHeader: ReadonlyMap<string, OrderField> = new Map(
  Object.entries(orderColumns).flatMap(([field, headers]) =>
    headers.map((header): [string, OrderField] => [normaliseHeader(header), field as OrderField]),
  ),
);

/**
 * Field of every column, null for a column nobody knows (it is ignored). Where two columns mean the same, the
 * left one counts and a cell of the right one is used when the left is empty.
 */
export const matchColumns = (header: readonly string[]): (OrderField | null)[] =>
  header.map((name) => fieldByHeader.get(normaliseHeader(name)) ?? null);

export type OrderRow = Partial<Record<OrderField, string>>;

/** One record by field; blank cells are left out. */
export function readRow(columns: readonly (OrderField | null)[], cells: readonly string[]): OrderRow {
  const row: OrderRow = {};
  for (const [index, field] of columns.entries()) {
    const cell = cells[index]?.trim();
    if (field !== null && cell !== undefined && cell !== "" && row[field] === undefined) row[field] = cell;
  }
  return row;
}
