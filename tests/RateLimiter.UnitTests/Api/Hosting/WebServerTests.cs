using Microsoft.Extensions.Configuration;
using RateLimiter.Api.Hosting;

namespace RateLimiter.UnitTests.Api.Hosting;

public sealed class WebServerTests
{
    [TestCase(null, null, false)]
    [TestCase("urls", "", false)]
    [TestCase("urls", "http://localhost:8000", false)]
    [TestCase("urls", "http://https:8000", false)]
    [TestCase("urls", "https://+:8443", true)]
    [TestCase("urls", "http://localhost:8000; HTTPS://+:8443", true)]
    [TestCase("http_ports", "8000", false)]
    [TestCase("https_ports", "8443", true)]
    [TestCase("Kestrel:Endpoints:A:Url", "http://localhost:8000", false)]
    [TestCase("Kestrel:Endpoints:A:Url", "https://+:8443", true)]
    [TestCase("Kestrel:Endpoints:A:Protocols", "Http1", false)]
    public void ServesHttps_Address_SaysWhetherItHasTls(string? option, string? value, bool https)
    {
        Assert.That(
            Configured(option is null ? [] : [(option, value!)]).ServesHttps(),
            Is.EqualTo(https)
        );
    }

    [Test]
    public void ServesHttps_EndpointsAndOtherAddresses_LooksAtTheEndpointsAlone()
    {
        var configuration = Configured(
            ("urls", "https://+:8443"),
            ("Kestrel:Endpoints:A:Url", "http://localhost:8000")
        );

        Assert.That(configuration.ServesHttps(), Is.False);
    }

    [TestCase("Kestrel:Certificates:Default:Path", true)]
    [TestCase("Kestrel:Endpoints:A:Certificate:Path", true)]
    [TestCase("Kestrel:EndpointDefaults:Certificate:Subject", true)]
    [TestCase("Kestrel:Endpoints:A:Url", false)]
    [TestCase("Tls:CertificatePath", false)]
    public void HasKestrelCertificate_Option_SaysWhetherItNamesOne(string option, bool names)
    {
        Assert.That(Configured((option, "x")).HasKestrelCertificate(), Is.EqualTo(names));
    }

    private static IConfigurationRoot Configured(params (string Name, string Value)[] options) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(
                options.ToDictionary(
                    option => option.Name,
                    option => (string?)option.Value,
                    StringComparer.Ordinal
                )
            )
            .Build();
}
