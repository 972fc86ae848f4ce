using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Domain;

public sealed class ClientIdTests
{
    [Test]
    public void New_ManyTimes_GivesOther16LettersAndDigits()
    {
        var ids = Enumerable.Range(0, 1000).Select(_ => ClientId.New().ToString()).ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(ids, Is.Unique);
            Assert.That(ids, Is.All.Match("^[0-9A-Za-z]{16}$"));
        }
    }
}
