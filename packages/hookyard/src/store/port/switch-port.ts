// A user's word on whether a module is on. It stands over the configuration until it is taken back.

export interface ModuleSwitch {
  readonly module: string
  readonly enabled: boolean
  /** The user's name. */
  readonly by: string
  readonly at: number
}

export interface SwitchStore {
  all(): Promise<ModuleSwitch[]>
  set(moduleSwitch: ModuleSwitch): Promise<void>
  /** The configuration's word counts again. */
  remove(module: string): Promise<void>
}
