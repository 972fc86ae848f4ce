using System.Net;
using RateLimiter.Api.Hosting;

namespace RateLimiter.UnitTests.Api.Hosting;

public sealed class ProxyOptionsTests
{
    [TestCase(null, new string[0])]
    [TestCase("", new string[0])]
    [TestCase(" , ,", new string[0])]
    [TestCase("10.0.0.1", new[] { "10.0.0.1/32" })]
    [TestCase("10.0.0.0/8", new[] { "10.0.0.0/8" })]
    [TestCase("0.0.0.0/0", new[] { "0.0.0.0/0" })]
    [TestCase("2001:db8::1", new[] { "2001:db8::1/128" })]
    [TestCase("2001:db8::/32", new[] { "2001:db8::/32" })]
    [TestCase(" 10.0.0.1 ,2001:db8::/32,", new[] { "10.0.0.1/32", "2001:db8::/32" })]
    public void Networks_Trusted_AreTheAddressesAndNetworksNamed(string? trusted, string[] networks)
    {
        var options = new ProxyOptions { Trusted = trusted };

        using (Assert.EnterMultipleScope())
        {
            Assert.That(options.Networks(), Is.EqualTo(networks.Select(IPNetwork.Parse)));
            Assert.That(Validate(trusted), Is.Null);
        }
    }

    [TestCase("localhost", "'localhost'")]
    [TestCase("10.0.0.0/33", "'10.0.0.0/33'")]
    [TestCase("10.0.0.0/", "'10.0.0.0/'")]
    [TestCase("10.0.0.1;10.0.0.2", "'10.0.0.1;10.0.0.2'")]
    [TestCase("10.0.0.256", "'10.0.0.256'")]
    [TestCase("2001:db8::/129", "'2001:db8::/129'")]
    [TestCase("a, 10.0.0.1, b", "'a', 'b'")]
    public void Validate_SomethingElse_NamesTheOptionAndWhatIsWrong(string trusted, string wrong) =>
        Assert.That(
            Validate(trusted),
            Does.StartWith("Proxies:Trusted must hold addresses and networks")
                .And.EndWith($"not {wrong}.")
        );

    private static string? Validate(string? trusted) =>
        new ProxyOptionsValidator()
            .Validate(null, new ProxyOptions { Trusted = trusted })
            .FailureMessage;
}
