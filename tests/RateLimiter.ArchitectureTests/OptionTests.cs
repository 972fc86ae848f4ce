using RateLimiter.Configuration;

namespace RateLimiter.ArchitectureTests;

public sealed class OptionTests
{
    [Test]
    public void EnvExample_EveryOption_StandsThereWithItsDefault()
    {
        var lines = File.ReadAllLines(Path.Combine(SourceTests.Root, "..", ".env.example"));
        var options = OptionSection
            .ReadAll()
            .SelectMany(section => section.Options)
            .Select(option => $"#{option.Variable}={option.Default}")
            .ToList();

        Assert.That(options, Has.Count.GreaterThan(20));
        Assert.That(
            options.Where(option =>
                !lines.Any(line =>
                    // Examples stand there for texts that have no default.
                    option.EndsWith('=')
                        ? line.StartsWith(option, StringComparison.Ordinal)
                        : line == option
                )
            ),
            Is.Empty
        );
    }
}
