using System.Text.RegularExpressions;

namespace RateLimiter.ArchitectureTests;

/// <summary>The recipes of CONTRIBUTING.md name the places that a change touches, and places that exist.</summary>
public sealed partial class RecipeTests
{
    private static readonly string Recipes = File.ReadAllText(
        Path.Combine(SourceTests.Root, "..", "CONTRIBUTING.md")
    );

    [Test]
    public void AnyFile_ThatTheyName_Exists()
    {
        var files = Directory
            .EnumerateFiles(Path.Combine(SourceTests.Root, ".."), "*", SearchOption.AllDirectories)
            .Select(file => file.Replace('\\', '/'))
            .ToList();
        var named = FileName().Matches(Recipes).Select(match => match.Groups[1].Value).Distinct();

        var missing = named.Where(name =>
            !files.Exists(file =>
                file.EndsWith($"/{name}", StringComparison.Ordinal)
                // Named by its layer.
                || file.EndsWith($".{name}", StringComparison.Ordinal)
            )
        );

        Assert.That(named.Count(), Is.GreaterThan(50));
        Assert.That(missing, Is.Empty);
    }

    // Fields, of one kind of limit and of all, and an algorithm that exist stand for those that come.
    [TestCase("Adding a field to a limit", @"\bBurst\b")]
    [TestCase("Adding a field to a limit", @"\bWhenMissing\b")]
    [TestCase("Adding an algorithm", @"\bAlgorithm\.SlidingLog\b")]
    public void Recipe_AnyFileThatHandlesAnExample_IsNamed(string title, string example)
    {
        var recipe = Recipes
            .Split("\n## ")
            .Single(part => part.StartsWith(title, StringComparison.Ordinal));

        var files = Directory
            .EnumerateFiles(SourceTests.Root, "*", SearchOption.AllDirectories)
            .Where(file =>
                file.EndsWith(".cs", StringComparison.Ordinal)
                || file.EndsWith(".razor", StringComparison.Ordinal)
            )
            .Where(file => IsOfTheService(file) && HasCode(file, example))
            .Select(file => Path.GetFileName(file))
            .ToList();

        Assert.That(files, Is.Not.Empty);
        Assert.That(
            files.Where(file => !recipe.Contains(file, StringComparison.Ordinal)),
            Is.Empty
        );
    }

    // The packages follow the OpenAPI document, and the demo only uses policies.
    private static bool IsOfTheService(string file) =>
        !Elsewhere().IsMatch(Path.GetRelativePath(SourceTests.Root, file).Replace('\\', '/'));

    private static bool HasCode(string file, string example) =>
        File.ReadLines(file)
            .Select(line => line.TrimStart())
            .Any(line =>
                !line.StartsWith("//", StringComparison.Ordinal)
                && !line.Contains("<span>", StringComparison.Ordinal)
                && Regex.IsMatch(line, example)
            );

    [GeneratedRegex("`(?:src/)?([\\w./-]+\\.(?:cs|razor|lua))`")]
    private static partial Regex FileName();

    [GeneratedRegex("(^|/)(obj|bin|Demo)/|^RateLimiter\\.(Client|AspNetCore)/")]
    private static partial Regex Elsewhere();
}
