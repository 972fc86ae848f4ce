using Microsoft.AspNetCore.WebUtilities;
using RateLimiter.Dashboard.Limits;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Dashboard.Limits;

public sealed class PolicyAddressesTests
{
    [TestCase("a/b%2Fc \"q\" 's' ?x=1&y#z \\ ü+", "100% / \"boss\"")]
    [TestCase("..", ".")]
    [TestCase("*", "default")]
    public void Edit_AnyName_ComesBackFromTheQuery(string route, string role)
    {
        var address = PolicyAddresses.Edit(new PolicyKey(route, role));

        var query = QueryHelpers.ParseQuery(
            address[address.IndexOf('?', StringComparison.Ordinal)..]
        );
        Assert.That(($"{query["route"]}", $"{query["role"]}"), Is.EqualTo((route, role)));
    }
}
