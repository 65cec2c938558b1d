/** Durations as they come, and their quantiles. */
export class Durations {
  #values = new Float64Array(65_536)
  #count = 0

  get count(): number {
    return this.#count
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#count++] = value
  }

  /** The values at these fractions (0..1) of the sorted sample, in the unit they were added in; 0 when there is none. */
  at(...fractions: readonly number[]): number[] {
    const sorted = this.#values.subarray(0, this.#count).toSorted()
    return fractions.map((fraction) => sorted[Math.floor((sorted.length - 1) * fraction)] ?? 0)
  }
}
