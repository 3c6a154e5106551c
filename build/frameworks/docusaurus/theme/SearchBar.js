import { matchPath, useHistory } from "@docusaurus/router";
import { translate } from "@docusaurus/Translate";
import useDocusaurusContext from "@docusaurus/useDocusaurusContext";
import { useAllPluginInstancesData, usePluginData } from "@docusaurus/useGlobalData";
import routes from "@generated/routes";
import { createElement, useEffect, useRef } from "react";
import { attributesOf } from "../../attributes.js";

/** Stands in the navbar, where the theme puts its search. */
export default function SearchBar() {
  const settings = usePluginData("annoy-edge");
  const { i18n } = useDocusaurusContext();
  const history = useHistory();
  const element = useRef(null);
  useEffect(() => {
    import("annoy-edge/element");
    const search = element.current;
    const visit = (event) => {
      const url = URL.parse(event.detail.url ?? "", location.href);
      if (url?.origin !== location.origin || !isRouted(url.pathname)) return;
      event.preventDefault();
      history.push(url.pathname + url.search + url.hash);
    };
    search.addEventListener("annoy-search-select", visit);
    return () => search.removeEventListener("annoy-search-select", visit);
  }, [history]);
  // Pages of no version, such as a blog's, search in the last one.
  const docs = useAllPluginInstancesData("docusaurus-plugin-content-docs")?.default;
  const last = docs?.versions?.find(({ isLast }) => isLast)?.name;
  const scope = settings.scope ?? ["lang", last ? `version=${last}` : "version"];
  const { htmlLang = i18n.currentLocale } = i18n.localeConfigs[i18n.currentLocale] ?? {};
  const attributes = attributesOf({ ...settings, scope }, htmlLang, translated());
  return createElement("annoy-search", { ref: element, ...attributes });
}

/** Whether a page is one of this build: those of other languages are loaded. @param {string} path */
function isRouted(path) {
  return routes.some((route) => route.path !== "*" && matchPath(path, route));
}

const TRY = "Try searching for";

/** Texts of Docusaurus' own search. */
function translated() {
  const open = translate({ id: "theme.SearchBar.label", message: "Search" });
  const instead = translate({ id: "theme.SearchModal.noResultsScreen.suggestedQueryText", message: TRY });
  return {
    open,
    label: open,
    placeholder: translate({
      id: "theme.SearchModal.searchBox.placeholderText",
      message: "Search docs",
    }),
    close: translate({ id: "theme.SearchModal.searchBox.cancelButtonText", message: "Cancel" }),
    nothing: `${translate({ id: "theme.SearchModal.noResultsScreen.noResultsText", message: "No results for" })} “{query}”`,
    // In languages that have it; the element's own English is nearer to what is meant.
    didYouMean: instead === TRY ? undefined : `${instead} {query}`,
    toSelect: translate({ id: "theme.SearchModal.footer.navigateText", message: "to navigate" }),
    toOpen: translate({ id: "theme.SearchModal.footer.selectText", message: "to select" }),
    toClose: translate({ id: "theme.SearchModal.footer.closeText", message: "to close" }),
    recent: translate({ id: "theme.SearchModal.startScreen.recentSearchesTitle", message: "Recent" }),
  };
}
