using RateLimiter.Configuration;
using RateLimiter.Figures;

// Writes the tables of docs/configuration.md: the options of the built service, with their defaults, bounds and comments.
// With --check it writes nothing and fails when the page differs from what it would write.

const string page = "docs/configuration.md";

if (args is not ([] or ["--check"]) || !File.Exists(page))
{
    Console.Error.WriteLine("From the root of the repository: RateLimiter.Configuration [--check]");
    return 2;
}

var before = new Document(File.ReadAllText(page));
var after = before.With("options", OptionTables.Write(OptionSection.ReadAll()));
if (after == before)
{
    return 0;
}

if (args is ["--check"])
{
    Console.Error.WriteLine($"{page} is not what the program writes today.");
    return 1;
}

File.WriteAllText(page, after.Text);
Console.WriteLine($"Wrote {page}.");
return 0;
