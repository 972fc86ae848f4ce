using RateLimiter.Infrastructure.Embedded;

namespace RateLimiter.UnitTests.Infrastructure.Embedded;

[TestFixture]
public sealed class ChecksumFileTests
{
    private static readonly KeyValuePair<string, Checksum>[] Sums =
    [
        new("AOF/aof.log.0", new Checksum(1 << 24, "AB")),
        new("Store/a name with spaces", new Checksum(3, "CD")),
        new("AOF/aof.log.1", new Checksum(0, "EF")),
    ];

    [Test]
    public void Parse_WhatWasWritten_IsTheSame([Values] bool isCompacting)
    {
        var parsed = ChecksumFile.Parse(new ChecksumFile(isCompacting, Sums).ToText())!;

        Assert.That(parsed.IsCompacting, Is.EqualTo(isCompacting));
        Assert.That(parsed.Sums, Is.EqualTo(Sums));
    }

    // What stands in the directories of earlier starts.
    [Test]
    public void ToText_AnyFile_HasALineForEachSumAndItsOwnHash()
    {
        var lines = new ChecksumFile(IsCompacting: true, Sums).ToText().Split('\n');

        Assert.That(
            lines[..5],
            Is.EqualTo([
                "ratelimiter checksums 1",
                "compacting",
                "AB 16777216 AOF/aof.log.0",
                "CD 3 Store/a name with spaces",
                "EF 0 AOF/aof.log.1",
            ])
        );
        Assert.That(lines[5], Has.Length.EqualTo(64));
        Assert.That(lines[6..], Is.EqualTo([""]));
    }

    [TestCase("")]
    [TestCase("ratelimiter checksums 1\n")]
    public void Parse_Incomplete_IsDamaged(string text) =>
        Assert.That(ChecksumFile.Parse(text), Is.Null);

    [Test]
    public void Parse_AnotherCharacterAnywhere_IsDamaged()
    {
        var text = new ChecksumFile(IsCompacting: false, Sums).ToText();

        // The line break at the end is not part of what is hashed.
        var accepted = Enumerable
            .Range(0, text.Length - 1)
            .Where(at => ChecksumFile.Parse($"{text[..at]}?{text[(at + 1)..]}") is not null);
        Assert.That(accepted, Is.Empty);
    }
}
