"""Invented people names and the shape of Fenwick Mutual: business units, teams, titles."""

from __future__ import annotations

from dataclasses import dataclass

_GIVEN = """
    Adaeze Aino Akira Alba Aleksander Amara Amina Anouk Arjun Asel Ayla Baraka Beatriz Bilal Bronwen Camila Carys
    Chidi Clara Dagmar Darius Deniz Diego Dilara Eilidh Ekaterina Elif Emeka Enzo Esra Fadil Farah Fatou Femi Finn
    Gabriela Giulia Goran Greta Gunnar Habiba Hana Haruki Hugo Ilse Imani Indira Ingrid Isandro Ivana Jamila Jarek
    Jasmin Joao Jonas Kaja Kamal Katarzyna Keiko Khalid Kwame Laila Lars Leila Linh Lucia Luka Maarten Magda Malik
    Marisol Mateus Matteo Mei Mihai Minh Nadia Naoko Nikhil Nils Noor Nuria Odile Olga Omar Oscar Paolo Petra Pilar
    Quentin Radka Rafael Rania Ravi Rosa Ruben Saanvi Samir Sana Saoirse Selma Sigrid Sofia Stefan Sunita Svea Tariq
    Tereza Thabo Thandi Tobias Tuan Uma Valeria Vikram Wanjiru Xiomara Yara Yusuf Zainab Zofia Zuzana"""
GIVEN = tuple(_GIVEN.split())
_FAMILY = """
    Abara Adewale Aguirre Ahlgren Almasi Amadi Anders Arslan Asante Avci Bakker Balogun Barros Bekele Benali Berglund
    Bianchi Borges Boateng Brandl Bukhari Calderon Castell Chukwu Cisse Conti Cwalina Dahl Danso Delacroix Demir Dhillon
    Dlamini Dobrev Duarte Eberle Ekström Elmasri Er Eriksen Esposito Farouk Ferreira Fischbach Fofana Fonseca Gallo
    Georgiou Gopal Grabowski Gueye Haddad Halvorsen Hashimoto Heikkinen Herrera Horvath Hossain Ibarra Iversen Jankovic
    Jansens Kaplan Karlsen Kaur Khatri Kimani Kovac Kowalczyk Krishnan Kuroda Laurent Le Lindqvist Lombardi Lopes Maduro
    Malhotra Marchetti Martinho Mbeki Mishra Moreau Mwangi Nakashima Ndiaye Nilsen Noguera Novotna Nwosu Obi Okafor
    Oliveira Onyango Orlov Osei Ozturk Pappas Pereira Petrov Pham Pires Popescu Quispe Rahimi Reyes Rinaldi Rossi Saito
    Salazar Sandoval Sharma Silva Sokolova Sund Svoboda Takeda Tanabe Tesfaye Toure Tran Urbina Valdez Vance Villar Vogt
    Wallin Weiss Wierzbicki Xu Yamada Yilmaz Zaman Zhou"""
FAMILY = tuple(_FAMILY.split())


@dataclass(frozen=True)
class Team:
    """One team: where it sits, how many it has (its lead included) and what its people are called."""

    unit: str
    name: str
    size: int
    lead: str
    member: str


TEAMS = (
    Team("Claims", "Claims Operations", 18, "Head of Claims Operations", "Claims handler"),
    Team("Claims", "Claims Analytics", 12, "Head of Claims Analytics", "Data scientist"),
    Team("Underwriting", "Commercial Underwriting", 13, "Head of Commercial Underwriting", "Underwriter"),
    Team("Underwriting", "Personal Underwriting", 13, "Head of Personal Underwriting", "Underwriter"),
    Team("Actuarial", "Pricing", 10, "Head of Pricing", "Pricing actuary"),
    Team("Actuarial", "Reserving", 8, "Head of Reserving", "Actuary"),
    Team("Customer Operations", "Contact Centre", 18, "Head of Contact Centre", "Service adviser"),
    Team("Customer Operations", "Onboarding", 14, "Head of Onboarding", "Onboarding analyst"),
    Team("Marketing", "Marketing Science", 10, "Head of Marketing Science", "Data scientist"),
    Team("Marketing", "Brand", 6, "Head of Brand", "Brand manager"),
    Team("Technology", "Model Engineering", 14, "Engineering manager", "ML engineer"),
    Team("Technology", "Data Platform", 12, "Head of Data Platform", "Data engineer"),
    Team("Technology", "Cloud Platform", 10, "Head of Cloud Platform", "Cloud engineer"),
    Team("Technology", "Serving Platform", 8, "Head of Serving Platform", "Platform engineer"),
    Team("Technology", "Workplace IT", 10, "Head of Workplace IT", "IT specialist"),
    Team("Security", "Security Operations", 9, "Head of Security Operations", "Security analyst"),
    Team("Security", "Security Engineering", 7, "Head of Security Engineering", "Security engineer"),
    Team("Risk and Audit", "Internal Audit", 5, "Head of Internal Audit", "Auditor"),
    Team("Risk and Audit", "Model Risk", 6, "Head of Model Risk", "Model validator"),
    Team("Risk and Audit", "Compliance", 7, "Head of Compliance", "Compliance officer"),
    Team("Finance and People", "Finance", 8, "Head of Finance", "Accountant"),
    Team("Finance and People", "People", 8, "Head of People", "People partner"),
)

#: Who leads a business unit; the chief executive is the one person without a manager.
UNIT_HEADS = {
    "Claims": "Chief Claims Officer",
    "Underwriting": "Chief Underwriting Officer",
    "Actuarial": "Chief Actuary",
    "Customer Operations": "Chief Operating Officer",
    "Marketing": "Chief Marketing Officer",
    "Technology": "Chief Technology Officer",
    "Security": "Chief Information Security Officer",
    "Risk and Audit": "Chief Risk Officer",
    "Finance and People": "Chief Financial Officer",
}

#: People whose seat is fixed, by job: (team or unit, job title) → names, in order of seating.
SEATED = {
    ("Security", "Chief Information Security Officer"): ("Dana Whitlock",),
    ("Security Engineering", "Security administrator"): ("Tomas Veselka",),
    ("Model Engineering", "Engineering manager"): ("Kofi Mensah",),
    ("Model Engineering", "Senior ML engineer"): ("Priya Raman", "Ravi Gopal"),
    ("Model Engineering", "ML engineer"): ("Jonas Lindqvist", "Deniz Er", "Kaja Sund"),
    ("Marketing Science", "Data scientist"): ("Ben Adewale", "Hugo Pires"),
    ("Model Risk", "Model validator"): ("Alba Noguera",),
    ("Claims Analytics", "Data analyst"): ("Omar Khatri", "Mei Tanabe"),
    ("Internal Audit", "Senior auditor"): ("Lena Fürst",),
}

#: Which business unit a team belongs to.
UNIT_OF = {team.name: team.unit for team in TEAMS}
