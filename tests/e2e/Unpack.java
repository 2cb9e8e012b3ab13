import java.io.File;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.pytorch.serve.archive.model.ModelArchive;

/**
 * Loads archives with TorchServe's own code, as `torchserve --models` does.
 *
 * <p>Its arguments are two files. The first has an archive a line, as its model store and its file
 * name there with a tab between them; the second takes an answer a line: where the archive was
 * unpacked to and what its manifest names the model, or what was thrown.
 */
public class Unpack {
    public static void main(String[] arguments) throws Exception {
        Path cases = new File(arguments[0]).toPath();
        try (PrintWriter answers = new PrintWriter(arguments[1], StandardCharsets.UTF_8)) {
            for (String line : Files.readAllLines(cases, StandardCharsets.UTF_8)) {
                String[] storeAndName = line.split("\t", 2);
                answers.print(answer(storeAndName[0], storeAndName[1]).replaceAll("[\r\n]", " ") + "\n");
            }
        }
    }

    private static String answer(String store, String name) {
        try {
            ModelArchive archive = ModelArchive.downloadModel(List.of(), store, name);
            return "unpacked\t" + archive.getModelDir() + "\t" + archive.getModelName();
        } catch (Exception | StackOverflowError | OutOfMemoryError thrown) {
            return "thrown\t" + thrown + (thrown.getCause() == null ? "" : ": " + thrown.getCause());
        }
    }
}
