/** A query, and the pages that answer it. */
export interface Asked {
  readonly query: string;
  readonly pages: readonly string[];
}

const asked = (list: readonly (readonly [query: string, ...pages: string[]])[]): readonly Asked[] =>
  list.map(([query, ...pages]) => ({ query, pages: pages.map((page) => `/${page}.html`) }));

/** Questions about Git as people ask them, with few words of the page's own title. Written before either search was asked. */
export const QUESTIONS = asked([
  ["how do I undo the last commit", "git-reset", "git-revert"],
  ["find the commit that introduced a bug", "git-bisect", "git-bisect-lk2009"],
  ["who changed this line", "git-blame", "git-annotate"],
  ["put my changes aside for a moment", "git-stash"],
  ["download a repository from a server", "git-clone"],
  ["delete untracked files", "git-clean"],
  ["combine several commits into one", "git-rebase", "git-merge"],
  ["apply a single commit from another branch", "git-cherry-pick"],
  ["recover commits that I lost", "git-reflog", "git-fsck", "user-manual"],
  ["files that should never be committed", "gitignore"],
  ["run a script before every commit", "githooks"],
  ["work on two branches in separate folders", "git-worktree"],
  ["only check out part of a large repository", "git-sparse-checkout"],
  ["sign my commits", "git-commit", "gitformat-signature", "git-verify-commit"],
  ["change the author's name in old commits", "git-filter-branch", "gitmailmap", "git-rebase"],
  ["remember my password", "gitcredentials", "git-credential-store", "git-credential-cache", "gitfaq"],
  ["line endings on Windows", "gitattributes", "gitfaq"],
  ["include another repository inside mine", "gitsubmodules", "git-submodule"],
  ["send patches by mail", "git-send-email", "git-format-patch"],
  ["make a zip file of the sources", "git-archive"],
  ["see what is different between two versions", "git-diff"],
  ["throw away changes in a file", "git-restore", "git-checkout"],
  ["rename a file", "git-mv"],
  ["search for text in tracked files", "git-grep"],
  ["give a release a name", "git-tag"],
  ["resolve the same conflict automatically next time", "git-rerere"],
  ["free disk space used by a repository", "git-gc", "git-maintenance", "git-prune", "git-repack"],
  ["move a repository without a network", "git-bundle"],
  ["serve repositories over https", "git-http-backend", "howto/setup-git-server-over-http"],
  ["how are objects stored in a pack file", "gitformat-pack"],
]);

/** Names and words of the same documentation, misspelled as fingers do it: letters swapped, left out, doubled or beside the right ones. */
export const TYPOS = asked([
  ["interactive rebsae", "git-rebase"],
  ["cherrry pick", "git-cherry-pick"],
  ["submoduel", "git-submodule", "gitsubmodules", "gitmodules"],
  ["stahs", "git-stash"],
  ["bisekt", "git-bisect", "git-bisect-lk2009"],
  ["worktre", "git-worktree"],
  ["reflgo", "git-reflog"],
  ["credental helper", "gitcredentials", "git-credential", "git-credential-store", "git-credential-cache"],
  ["sparse chekout", "git-sparse-checkout"],
  ["gitingore", "gitignore"],
  ["attribtues", "gitattributes", "git-check-attr"],
  ["glosary", "gitglossary"],
  ["fast improt", "git-fast-import"],
  ["filter brnach", "git-filter-branch"],
  ["garbage colection", "git-gc"],
  ["shrotlog", "git-shortlog"],
  ["anotate", "git-annotate"],
  ["archvie", "git-archive"],
  ["comit graph", "git-commit-graph", "gitformat-commit-graph"],
  ["multi pack indx", "git-multi-pack-index", "technical/multi-pack-index", "gitformat-pack"],
  ["mergetol", "git-mergetool"],
  ["descrbe", "git-describe"],
  ["naemspaces", "gitnamespaces"],
  ["revisons", "gitrevisions"],
  ["tutoral", "gittutorial", "gittutorial-2", "gitcore-tutorial"],
  ["remote helpres", "gitremote-helpers"],
  ["symbolic reff", "git-symbolic-ref"],
  ["interpret trailrs", "git-interpret-trailers"],
  ["maintenence", "git-maintenance"],
  ["repalce objects", "git-replace"],
]);

const MANUAL = `
git-add(1) git-apply(1) git-branch(1) git-cat-file(1) git-checkout(1) git-commit-tree(1) git-
config(1) git-daemon(1) git-diff-tree(1) git-fetch(1) git-for-each-ref(1) git-init(1) git-log(1)
git-ls-tree(1) git-merge-base(1) git-notes(1) git-push(1) git-rebase(1) git-remote(1) git-rev-
parse(1) git-show(1) git-status(1) git-switch(1) git-update-ref(1) gitcli(7) giteveryday(7)
githooks(5) gitk(1) gitworkflows(7)`;

/** Pages by the titles that they bear. */
export const TITLES = asked([
  ...MANUAL.trim()
    .split(/\s+/)
    .map((title) => [title, title.replace(/\(.*/, "")] as const),
  ["Git User Manual", "user-manual"],
]);
