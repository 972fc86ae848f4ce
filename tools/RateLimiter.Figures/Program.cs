using RateLimiter.Domain.Policies;
using RateLimiter.Figures;

// Draws docs/figures/*.svg and writes the measured tables of docs/algorithms.md, all from the model in the Domain.
// With --check it writes nothing and fails when one of the files differs from what it would write.

const string document = "docs/algorithms.md";
const string folder = "docs/figures";

if (args is not ([] or ["--check"]) || !File.Exists(document))
{
    Console.Error.WriteLine("From the root of the repository: RateLimiter.Figures [--check]");
    return 2;
}

// A figure of a concurrency limit would depend on how long reservations stay open.
var runs = Algorithms.OfChecks.Select(Run.Of).ToArray();
var files = runs.ToDictionary(run => $"{folder}/{run.Name}.svg", Picture.Draw);
files[document] = new Document(File.ReadAllText(document))
    .With("traffic", TrafficTable.Write(runs))
    .With("accuracy", AccuracyTable.Write())
    .Text;

var stale = files
    .Where(file => !File.Exists(file.Key) || File.ReadAllText(file.Key) != file.Value)
    .ToArray();
foreach (var (path, text) in stale)
{
    if (args is ["--check"])
    {
        Console.Error.WriteLine($"{path} is not what the program writes today.");
    }
    else
    {
        File.WriteAllText(path, text);
        Console.WriteLine($"Wrote {path}.");
    }
}

return args is ["--check"] && stale.Length > 0 ? 1 : 0;
