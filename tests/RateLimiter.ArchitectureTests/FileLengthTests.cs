namespace RateLimiter.ArchitectureTests;

/// <summary>A long file has more than one reason to change.</summary>
public sealed class FileLengthTests
{
    private const int MaxLines = 300;

    [Test]
    public void Files_AnyOfTheProduct_HaveAtMost300Lines() =>
        Assert.That(
            new[] { ".cs", ".razor", ".lua", ".css" }
                .SelectMany(SourceTests.SourceFiles)
                .Where(file => !IsGenerated(file) && CountLines(file) > MaxLines)
                .Select(Path.GetFileName),
            Is.Empty
        );

    private static bool IsGenerated(string file) =>
        file.Split(Path.DirectorySeparatorChar).Intersect(["Generated", "Migrations"]).Any();

    private static int CountLines(string file) =>
        File.ReadLines(Path.Combine(SourceTests.Root, file)).Count();
}
