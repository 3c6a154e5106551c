import settings from "virtual:annoy-edge-settings";
import { useData } from "vitepress";
import { computed, defineComponent, h, onMounted } from "vue";
import { attributesOf } from "../attributes.js";
import "./search-bar.css";

/** Stands in the default theme's bar in place of its own search. */
export default defineComponent({
  name: "AnnoySearchBar",
  setup() {
    const { lang, localeIndex, theme } = useData();
    const attributes = computed(() => {
      const { locales = {}, translations } = theme.value.search?.options ?? {};
      const texts = locales[localeIndex.value]?.translations ?? translations ?? {};
      return attributesOf(settings, lang.value, translated(texts));
    });
    onMounted(() => import("annoy-edge/element"));
    // Another language has other texts, which an element reads when it comes onto the page.
    return () =>
      h("div", { class: "VPNavBarSearch" }, [h("annoy-search", { key: lang.value, ...attributes.value })]);
  },
});

/** Texts of VitePress' own local search. */
function translated({ button = {}, modal = {} }) {
  const { footer = {} } = modal;
  return {
    open: button.buttonText,
    label: button.buttonAriaLabel,
    placeholder: button.buttonText,
    nothing: modal.noResultsText && `${modal.noResultsText} “{query}”`,
    toSelect: footer.navigateText,
    toOpen: footer.selectText,
    toClose: footer.closeText,
  };
}
