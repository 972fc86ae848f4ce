using RateLimiter.Application.Analytics;
using RateLimiter.Infrastructure.Redis.Analytics;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Analytics;

public sealed class TallyTextTests
{
    [TestCase(5, 0, 0, 0, "5")]
    [TestCase(5, 2, 0, 0, "5,2")]
    [TestCase(5, 0, 1, 0, "5,0,1")]
    [TestCase(5, 0, 0, 3, "5,0,0,3")]
    public void Write_Counts_HaveNoTrailingZerosAndAreReadBack(
        long checks,
        long denied,
        long shadowDenied,
        long degraded,
        string expected
    )
    {
        var tally = new Tally(checks, checks - denied, denied, shadowDenied, degraded);

        var text = TallyText.Write(tally);

        Assert.That(text, Is.EqualTo(expected));
        Assert.That(TallyText.Read(text), Is.EqualTo(tally));
    }

    [Test]
    public void ReadBuckets_Entries_AreTheCountsOfEach() =>
        Assert.That(
            TallyText.ReadBuckets(" 4:5,2 59:1"),
            Is.EqualTo([(4, new Tally(5, 3, 2, 0, 0)), (59, new Tally(1, 1, 0, 0, 0))])
        );
}
