/** `1 change`, `2 changes`. For the sections of the catalogue, which the catalogue itself imports. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString('en')} ${count === 1 ? one : many}`
