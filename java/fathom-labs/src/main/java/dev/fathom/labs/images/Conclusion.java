package dev.fathom.labs.images;

import dev.fathom.labs.data.Images;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.training.TrainedEntry;
import java.util.List;

/**
 * What a lab draws its conclusion from, and the page that it adds to.
 *
 * @param images as the lab reads them
 * @param outcomes one for each entry, in their order
 * @param run how the lab is run
 * @param page where the conclusion goes
 */
record Conclusion(Images images, List<TrainedEntry> outcomes, LabRun run, Findings page) {}
