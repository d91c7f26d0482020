/**
 * What people look at while and after a network learns: {@link dev.fathom.view.ProgressBar a progress bar},
 * {@link dev.fathom.view.Plots curves and confusion matrices}, {@link dev.fathom.view.ImageSheet sheets of images} and
 * {@link dev.fathom.view.HtmlReport a page that shows them all}.
 *
 * <p>It is a module of its own so that a service which only runs a network carries no AWT, no charts and no console
 * code. It reads the public records of {@code dev.fathom.train} and nothing deeper: whoever dislikes it writes a
 * {@link dev.fathom.train.Callback} of their own.
 *
 * <p>Pictures are drawn at twice their nominal size, for sharp text on dense screens and in print, in the colors of
 * Okabe and Ito (2008), which color-blind readers can tell apart. Drawing needs no display: the first picture sets
 * {@code java.awt.headless=true} unless the property is already set, so a program that also opens windows starts with
 * {@code -Djava.awt.headless=false}. Every file is written beside its target and moved into place. Numbers are
 * formatted with {@link java.util.Locale#ROOT}, the same on every machine.
 *
 * <p>Rejected: charts by script in the page (a library to embed or to download, and nothing to see where scripts are
 * off); SVG (a second drawing path beside the PNG files); XChart's heat map (no room for readable counts, and one scale
 * for the whole table where a row is what counts); JLine for the width of the terminal (it takes over the signal
 * handlers, and with them a clean Ctrl-C).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.view;
