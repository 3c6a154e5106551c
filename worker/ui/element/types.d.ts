/** Types of the module that defines `<annoy-search>`; docs/element.md lists its attributes and events. */
declare global {
  interface HTMLElementTagNameMap {
    "annoy-search": HTMLElement;
  }
}

export {};
