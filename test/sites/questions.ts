/** A built site of a Debian package, and what is asked of it: a question and the page that answers. */
export interface Site {
  readonly name: string;
  readonly package: string;
  /** Folder of its pages in the package. */
  readonly folder: string;
  readonly questions: readonly (readonly [question: string, page: string])[];
}

export const SITES: readonly Site[] = [
  {
    name: "Sphinx",
    package: "sphinx-doc",
    folder: "usr/share/doc/sphinx-doc/html",
    questions: [
      ["how do I write a table of contents with toctree", "usage/restructuredtext/directives.html"],
      ["document Python code from docstrings automatically", "usage/extensions/autodoc.html"],
      ["link to the documentation of other projects", "usage/extensions/intersphinx.html"],
      ["translate the documentation into other languages", "usage/advanced/intl.html"],
      ["test code snippets in the documentation", "usage/extensions/doctest.html"],
      ["NumPy and Google style docstrings", "usage/extensions/napoleon.html"],
      ["command line options of sphinx-build", "man/sphinx-build.html"],
      ["draw graphs with Graphviz", "usage/extensions/graphviz.html"],
      ["develop a custom extension that adds a directive", "development/tutorials/todo.html"],
      ["write documents in Markdown", "usage/markdown.html"],
    ],
  },
  {
    name: "mdBook",
    package: "rust-doc",
    folder: "usr/share/doc/rust-doc/html/book",
    questions: [
      ["what is ownership", "ch04-01-what-is-ownership.html"],
      ["references and borrowing", "ch04-02-references-and-borrowing.html"],
      ["the slice type", "ch04-03-slices.html"],
      ["variables and mutability", "ch03-01-variables-and-mutability.html"],
      ["storing keys with associated values in hash maps", "ch08-03-hash-maps.html"],
      ["recoverable errors with Result", "ch09-02-recoverable-errors-with-result.html"],
      ["validating references with lifetimes", "ch10-03-lifetime-syntax.html"],
      ["publishing a crate to crates.io", "ch14-02-publishing-to-crates-io.html"],
      ["RefCell and the interior mutability pattern", "ch15-05-interior-mutability.html"],
      ["using threads to run code simultaneously", "ch16-01-threads.html"],
    ],
  },
  {
    name: "rustdoc",
    package: "rust-doc",
    folder: "usr/share/doc/rust-doc/html/std/fs",
    questions: [
      ["copies the contents of one file to another", "fn.copy.html"],
      ["removes a directory after removing all its contents", "fn.remove_dir_all.html"],
      ["read the entire contents of a file into a string", "fn.read_to_string.html"],
      ["recursively create a directory and its parents", "fn.create_dir_all.html"],
      ["options which can be used to configure how a file is opened", "struct.OpenOptions.html"],
      ["metadata information about a file", "struct.Metadata.html"],
      ["canonical absolute form of a path", "fn.canonicalize.html"],
      ["rename a file or directory", "fn.rename.html"],
      ["entries returned by the ReadDir iterator", "struct.DirEntry.html"],
      ["creates a new hard link", "fn.hard_link.html"],
    ],
  },
  {
    name: "javadoc",
    package: "libjsoup-java-doc",
    folder: "usr/share/doc/libjsoup-java/api",
    questions: [
      ["parse HTML from a URL", "org/jsoup/Jsoup.html"],
      ["safe-list of HTML elements and attributes", "org/jsoup/safety/Safelist.html"],
      ["CSS selector syntax to find elements", "org/jsoup/select/Selector.html"],
      ["set a request cookie", "org/jsoup/Connection.html"],
      ["HTTP status exception", "org/jsoup/HttpStatusException.html"],
      ["attributes of an element, a map of them", "org/jsoup/nodes/Attributes.html"],
      ["controls the pretty printing of a document's output", "org/jsoup/nodes/Document.OutputSettings.html"],
      ["depth first node traversor", "org/jsoup/select/NodeTraversor.html"],
      ["list of elements with methods that act on every element", "org/jsoup/select/Elements.html"],
      ["form element submit form data", "org/jsoup/nodes/FormElement.html"],
    ],
  },
  {
    name: "DocBook",
    package: "debian-reference-en",
    folder: "usr/share/debian-reference",
    questions: [
      ["how to install packages with apt and aptitude", "ch02.en.html"],
      ["the boot process and systemd", "ch03.en.html"],
      ["password and PAM authentication", "ch04.en.html"],
      ["configure the network interface", "ch05.en.html"],
      ["mail transport agent exim4", "ch06.en.html"],
      ["desktop environment X and Wayland", "ch07.en.html"],
      ["locale and input method for Japanese", "ch08.en.html"],
      ["backup and archive of data", "ch10.en.html"],
      ["convert text encoding with iconv", "ch11.en.html"],
      ["shell script and compiler for programming", "ch12.en.html"],
    ],
  },
  {
    name: "Nim's docgen",
    package: "nim-doc",
    folder: "usr/share/doc/nim/html",
    questions: [
      ["split a string by a separator", "strutils.html"],
      ["parse JSON into nodes", "json.html"],
      ["hash table with keys and values", "tables.html"],
      ["asynchronous HTTP client", "httpclient.html"],
      ["start a process and read its output", "osproc.html"],
      ["regular expressions by PCRE", "re.html"],
      ["format dates and times", "times.html"],
      ["parse command line options", "parseopt.html"],
      ["random numbers generator", "random.html"],
      ["memory mapped files", "memfiles.html"],
    ],
  },
];
