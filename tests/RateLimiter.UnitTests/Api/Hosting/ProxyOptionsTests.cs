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
    [TestCase("0.0.0.0", new[] { "0.0.0.0/32" })]
    [TestCase("::/0", new[] { "::/0" })]
    [TestCase("::1", new[] { "::1/128" })]
    [TestCase("::ffff:10.0.0.1", new[] { "10.0.0.1/32" })]
    [TestCase("::ffff:a00:1", new[] { "10.0.0.1/32" })]
    [TestCase("::ffff:10.0.0.0/104", new[] { "10.0.0.0/8" })]
    [TestCase("::ffff:10.0.0.1/128", new[] { "10.0.0.1/32" })]
    [TestCase("::ffff:0:0/96", new[] { "0.0.0.0/0" })]
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
    [TestCase("::ffff:10.0.0.0/95", "'::ffff:10.0.0.0/95'")]
    [TestCase("2001:db8::/129", "'2001:db8::/129'")]
    [TestCase("10", "'10'")]
    [TestCase("10.1", "'10.1'")]
    [TestCase("010.0.0.1", "'010.0.0.1'")]
    [TestCase("10.0.0.01", "'10.0.0.01'")]
    [TestCase("0x0a.0.0.1", "'0x0a.0.0.1'")]
    [TestCase("167772161", "'167772161'")]
    [TestCase("010.0.0.0/8", "'010.0.0.0/8'")]
    [TestCase("10/8", "'10/8'")]
    [TestCase("10.0.0.1:80", "'10.0.0.1:80'")]
    [TestCase("[2001:db8::1]", "'[2001:db8::1]'")]
    [TestCase("[2001:db8::1]:80", "'[2001:db8::1]:80'")]
    [TestCase("[2001:db8::]/32", "'[2001:db8::]/32'")]
    [TestCase("[::ffff:10.0.0.1]", "'[::ffff:10.0.0.1]'")]
    [TestCase("fe80::1%1", "'fe80::1%1'")]
    [TestCase("fe80::%1/64", "'fe80::%1/64'")]
    [TestCase("::ffff:10.0.0.1%1", "'::ffff:10.0.0.1%1'")]
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
